// Scores a model with onnxruntime-node: node score.mjs MODEL ROWS.json, where ROWS is { inputs: [{name, text, width, values}], rows }.
// Prints the last output that is numbers as a JSON list; null stands for NaN in both directions. ONNXRUNTIME_NODE names the folder of its node_modules.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.ONNXRUNTIME_NODE + "/");
const ort = require("onnxruntime-node");
const { inputs, rows } = JSON.parse(readFileSync(process.argv[3], "utf8"));
const session = await ort.InferenceSession.create(process.argv[2], { logSeverityLevel: 3, intraOpNumThreads: 1 });
const feeds = {};
for (const { name, text, width, values } of inputs) {
  feeds[name] = text
    ? new ort.Tensor("string", values, [rows, width])
    : new ort.Tensor("float32", Float32Array.from(values, (v) => (v === null ? NaN : v)), [rows, width]);
}
const output = session.outputNames.at(-1);
const result = await session.run(feeds, [output]);
process.stdout.write(JSON.stringify(Array.from(result[output].data)));
