namespace ServerlessMlops.Learners.Onnx.Operators;

/// <summary>The operators that scoring supports: an explicit list.</summary>
internal static class OperatorTable
{
    private static readonly Dictionary<(string Domain, string OpType), Action<ProgramBuilder, OnnxNode>> Operators = new()
    {
        [("", "Identity")] = ShapeOperators.Identity,
        [("", "Cast")] = ShapeOperators.Cast,
        [("", "Concat")] = ShapeOperators.Concat,
        [("", "Constant")] = ShapeOperators.Constant,
        [("", "Flatten")] = ShapeOperators.Identity,
        [("", "Gather")] = ShapeOperators.Gather,
        [("", "Reshape")] = ShapeOperators.Reshape,
        [("", "Squeeze")] = ShapeOperators.Identity,
        [("", "Unsqueeze")] = ShapeOperators.Identity,
        [("", "ArgMax")] = ElementwiseOperators.ArgMax,
        [("", "ReduceSum")] = ElementwiseOperators.ReduceSum,
        [("", "Abs")] = ElementwiseOperators.Unary(MathF.Abs),
        [("", "Exp")] = ElementwiseOperators.Unary(MathF.Exp),
        [("", "Log")] = ElementwiseOperators.Unary(MathF.Log),
        [("", "Neg")] = ElementwiseOperators.Unary(x => -x),
        [("", "Not")] = ElementwiseOperators.Unary(x => x == 0 ? 1 : 0),
        [("", "Reciprocal")] = ElementwiseOperators.Unary(x => 1 / x),
        [("", "Relu")] = ElementwiseOperators.Unary(x => MathF.Max(0, x)),
        [("", "Sqrt")] = ElementwiseOperators.Unary(MathF.Sqrt),
        [("", "Tanh")] = ElementwiseOperators.Unary(MathF.Tanh),
        [("", "IsNaN")] = ElementwiseOperators.Unary(x => float.IsNaN(x) ? 1 : 0),
        [("", "Sigmoid")] = ElementwiseOperators.Unary(LinkFunction.Logistic),
        [("", "Add")] = ElementwiseOperators.Binary((a, b, _) => a + b),
        [("", "Sub")] = ElementwiseOperators.Binary((a, b, _) => a - b),
        [("", "Mul")] = ElementwiseOperators.Binary((a, b, _) => a * b),
        [("", "Div")] = ElementwiseOperators.Binary((a, b, _) => a / b),
        [("", "Pow")] = ElementwiseOperators.Binary((a, b, _) => MathF.Pow(a, b)),
        [("", "Min")] = ElementwiseOperators.Binary((a, b, _) => MathF.Min(a, b)),
        [("", "Max")] = ElementwiseOperators.Binary((a, b, _) => MathF.Max(a, b)),
        [("", "Equal")] = ElementwiseOperators.Binary((a, b, _) => a == b ? 1 : 0),
        [("", "Less")] = ElementwiseOperators.Binary((a, b, _) => a < b ? 1 : 0),
        [("", "LessOrEqual")] = ElementwiseOperators.Binary((a, b, _) => a <= b ? 1 : 0),
        [("", "Greater")] = ElementwiseOperators.Binary((a, b, _) => a > b ? 1 : 0),
        [("", "GreaterOrEqual")] = ElementwiseOperators.Binary((a, b, _) => a >= b ? 1 : 0),
        [("", "And")] = ElementwiseOperators.Binary((a, b, _) => a != 0 && b != 0 ? 1 : 0),
        [("", "Or")] = ElementwiseOperators.Binary((a, b, _) => a != 0 || b != 0 ? 1 : 0),
        [("", "Where")] = ElementwiseOperators.Where,
        [("", "Clip")] = ElementwiseOperators.Clip,
        [("", "Softmax")] = LinearOperators.Softmax,
        [("", "MatMul")] = LinearOperators.MatMul,
        [("", "Gemm")] = LinearOperators.Gemm,
        [(OnnxGraphBuilder.MlDomain, "LinearRegressor")] = LinearOperators.Regressor,
        [(OnnxGraphBuilder.MlDomain, "LinearClassifier")] = LinearOperators.Classifier,
        [(OnnxGraphBuilder.MlDomain, "ArrayFeatureExtractor")] = ShapeOperators.Gather,
        [(OnnxGraphBuilder.MlDomain, "FeatureVectorizer")] = ShapeOperators.Concat,
        [(OnnxGraphBuilder.MlDomain, "ZipMap")] = EncodingOperators.ZipMap,
        [(OnnxGraphBuilder.MlDomain, "Scaler")] = EncodingOperators.Scaler,
        [(OnnxGraphBuilder.MlDomain, "Imputer")] = EncodingOperators.Imputer,
        [(OnnxGraphBuilder.MlDomain, "Binarizer")] = EncodingOperators.Binarizer,
        [(OnnxGraphBuilder.MlDomain, "Normalizer")] = EncodingOperators.Normalizer,
        [(OnnxGraphBuilder.MlDomain, "LabelEncoder")] = CategoryOperators.LabelEncoder,
        [(OnnxGraphBuilder.MlDomain, "OneHotEncoder")] = CategoryOperators.OneHotEncoder,
        [(OnnxGraphBuilder.MlDomain, "TreeEnsembleRegressor")] = TreeOperators.Regressor,
        [(OnnxGraphBuilder.MlDomain, "TreeEnsembleClassifier")] = TreeOperators.Classifier,
    };

    /// <summary>Names of the operators, for messages and documentation.</summary>
    public static IEnumerable<string> Names => Operators.Keys.Select(k => k.OpType).Order(StringComparer.Ordinal);

    public static void Compile(ProgramBuilder builder, OnnxNode node)
    {
        if (!Operators.TryGetValue((node.Domain, node.OpType), out Action<ProgramBuilder, OnnxNode>? compile))
        {
            string domain = node.Domain.Length == 0 ? "ai.onnx" : node.Domain;
            throw new OnnxFormatException($"{node.Place} is operator {domain}.{node.OpType}, which is not supported; supported are {string.Join(", ", Names)}.");
        }

        if (node.Outputs.Length == 0)
        {
            throw new OnnxFormatException($"{node.Place} has no outputs; expected at least one.");
        }

        compile(builder, node);
    }
}
