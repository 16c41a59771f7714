// Scores a model with onnxruntime-node: node score.mjs PACKAGES MODEL ROWS.json [OUTPUT], where PACKAGES is a folder with onnxruntime-node installed and
// ROWS is { inputs: [{name, text, width, values}], rows }.
// Prints the output of that name, or the last one, as a JSON list of numbers; null stands for NaN in both directions.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.argv[2] + "/");
const ort = require("onnxruntime-node");
const { inputs, rows } = JSON.parse(readFileSync(process.argv[4], "utf8"));
const session = await ort.InferenceSession.create(process.argv[3], { logSeverityLevel: 3, intraOpNumThreads: 1 });
const feeds = {};
for (const { name, text, width, values } of inputs) {
  feeds[name] = text
    ? new ort.Tensor("string", values, [rows, width])
    : new ort.Tensor("float32", Float32Array.from(values, (v) => (v === null ? NaN : v)), [rows, width]);
}
// All outputs are fetched: asked for the last alone, onnxruntime-node 1.20 answers with the first.
const result = await session.run(feeds);
process.stdout.write(JSON.stringify(Array.from(result[process.argv[5] || session.outputNames.at(-1)].data, Number)));
