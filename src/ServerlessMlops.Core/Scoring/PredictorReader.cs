namespace ServerlessMlops.Core.Scoring;

/// <summary>Reads a model from the bytes of <c>model.onnx</c>.</summary>
/// <param name="onnx">The bytes.</param>
/// <exception cref="InvalidDataException">They are not a model that can be scored with.</exception>
public delegate IRowPredictor PredictorReader(ReadOnlyMemory<byte> onnx);
