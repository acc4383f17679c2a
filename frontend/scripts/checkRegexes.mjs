/** Checks that every regular expression that runs in a browser takes linear time. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

// The native build doesn't exist for every platform.
process.env.RECHECK_SYNC_BACKEND = "pure";
const { checkSync } = await import("recheck");

/** Steps are limited, not times: by default a pattern also fails if the machine is busy. */
const LIMITS = { timeout: 60_000, attackTimeout: null, incubationTimeout: null, seed: 1 };
const FOLDERS = ["app/src", "packages/open-chatkit/src", "packages/resumable-fetch/src"];
/**
 * Files that may build patterns at run time: a widget's `pattern` comes from its server, as for
 * <input>, and the rules of emphasis are the parser's own with other classes of letters.
 */
const ALLOWED_FILES = [
  "packages/open-chatkit/src/widgets/views/Textarea.tsx",
  "packages/open-chatkit/src/ui/markdown/rules.ts",
];

const root = fileURLToPath(new URL("../", import.meta.url));
let checked = 0;
const problems = [];

function check(file, node) {
  const [, source = "", flags] = /^\/(.*)\/([a-z]*)$/su.exec(node.text) ?? [];
  const result = checkSync(source, flags, LIMITS);
  checked += 1;
  if (result.status === "safe") return;
  const reason = result.complexity?.summary ?? result.error?.kind;
  problems.push(`${file}: ${node.text}: ${reason}`);
}

function visit(file, node) {
  if (ts.isRegularExpressionLiteral(node)) check(file, node);
  const isCall = ts.isNewExpression(node) || ts.isCallExpression(node);
  if (isCall && node.expression.getText() === "RegExp" && !ALLOWED_FILES.includes(file)) {
    problems.push(`${file}: ${node.getText()}: write it as a literal so that it can be checked`);
  }
  ts.forEachChild(node, (child) => visit(file, child));
}

for (const folder of FOLDERS) {
  for (const name of readdirSync(`${root}${folder}`, { recursive: true })) {
    if (!/(?<!\.test)\.tsx?$/u.test(name)) continue;
    const file = `${folder}/${name}`;
    const text = readFileSync(`${root}${file}`, "utf8");
    visit(file, ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  }
}

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
} else {
  console.log(`${checked} regular expressions take linear time.`);
}
