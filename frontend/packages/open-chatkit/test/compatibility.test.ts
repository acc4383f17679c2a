// @vitest-environment node
/**
 * Checks `docs/chatkit-compatibility.md`: it has a row for each key of the official types, and every
 * test that it names exists.
 */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { OPTIONS, type Shape } from "../src/element/optionShapes";
import { ICONS } from "../src/icons/names";
import { views } from "../src/widgets/views";
import {
  officialEvents,
  officialIcons,
  officialLocales,
  officialMethods,
  officialOptions,
  officialWidgets,
} from "./official";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const ROOT = path.resolve(PACKAGE, "../../..");
const page = readFileSync(path.join(ROOT, "docs/chatkit-compatibility.md"), "utf8");

type Row = { keys: string[]; support: string; note: string; shownBy: string };

/** The rows of the tables, by their headings. */
const tables = new Map<string, Row[]>();
for (const section of page.split(/^## /mu).slice(1)) {
  const rows = [...section.matchAll(/^\| (`.+) \| (\w+) \| (.*) \| (.+) \|$/gmu)];
  if (rows.length === 0) continue;
  const parsed = rows.map(([, keys = "", support = "", note = "", shownBy = ""]) => ({
    keys: [...keys.matchAll(/`([^`]+)`/gu)].map(([, key = ""]) => key),
    ...{ support, note, shownBy },
  }));
  tables.set(section.slice(0, section.indexOf("\n")), parsed);
}

const rowsOf = (heading: string): Row[] => tables.get(heading) ?? [];
const keysOf = (heading: string): string[] =>
  rowsOf(heading)
    .flatMap((row) => row.keys)
    .sort();

describe("the compatibility page has a row for each official", () => {
  it.each<[heading: string, official: string[]]>([
    ["Options", officialOptions()],
    ["Methods", officialMethods()],
    ["Events", officialEvents()],
    ["Locales", officialLocales()],
    ["Widgets", [...officialWidgets().keys(), "Chart"].sort()],
  ])("key of %s, without duplicates", (heading, official) => {
    expect(official.length).toBeGreaterThan(8);
    expect(keysOf(heading)).toEqual(official);
  });

  it.each([...officialWidgets()])("property of %s", (type, properties) => {
    const row = rowsOf("Widgets").find((one) => one.keys.includes(type));
    const listed = row?.note.split(";")[0]?.split(", ");

    expect(listed).toEqual(properties);
    expect(Object.keys(views)).toContain(type);
  });
});

it("the compatibility page counts its rows by support", () => {
  const all = [...tables.values()].flat();
  const counts = { supported: 0, differs: 0, not: 0 };
  for (const { support } of all) {
    expect(Object.keys(counts)).toContain(support);
    counts[support as keyof typeof counts] += 1;
  }

  const { supported, differs, not } = counts;
  expect(page).toContain(
    `${all.length} rows: ${supported} supported, ${differs} differ, ${not} not`,
  );
});

/** Returns the names of tests and of table cases, by test file. */
function testNames(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const folder of [PACKAGE, path.join(PACKAGE, "../resumable-fetch")]) {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!/\.test\.tsx?$/u.test(name) || name.includes("node_modules")) continue;
      const file = path.join(folder, name);
      expect(found.has(path.basename(file)), `two files ${path.basename(file)}`).toBe(false);
      found.set(path.basename(file), namesIn(file));
    }
  }
  return found;
}

function namesIn(file: string): Set<string> {
  const names = new Set<string>();
  const text = readFileSync(file, "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const visit = (node: ts.Node): void => {
    const first =
      ts.isCallExpression(node) && /^it\b/u.test(node.expression.getText())
        ? node.arguments[0]
        : ts.isArrayLiteralExpression(node)
          ? node.elements[0]
          : undefined;
    if (first && ts.isStringLiteralLike(first)) names.add(first.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

it("the compatibility page names only existing tests", () => {
  const known = testNames();
  const cited = [...page.matchAll(/`(\w+\.test\.tsx?)`: ([^|\n]+?)(?= \||\)\.| \()/gu)];
  const rows = [...tables.values()].flat();

  expect(cited.length).toBeGreaterThanOrEqual(rows.length);
  for (const { keys, shownBy } of rows) expect(shownBy, keys[0]).toMatch(/^`\w+\.test\.tsx?`: /u);
  const missing = cited.filter(([, file = "", name = ""]) => !known.get(file)?.has(name));
  expect(missing.map(([whole]) => whole)).toEqual([]);
});

describe("the element's list of options", () => {
  /** Returns paths in the notation of the official ones. */
  function paths(shape: Shape, at: string): string[] {
    if (typeof shape === "string" || "oneOf" in shape || "recordOf" in shape) return [];
    if ("anyOf" in shape) return shape.anyOf.flatMap((one) => paths(one, at));
    if ("listOf" in shape) return paths(shape.listOf, `${at}[]`);
    return Object.entries(shape.fields).flatMap(([name, inside]) => {
      const path = at === "" ? name : `${at}.${name}`;
      return [path, ...paths(inside, path)];
    });
  }

  it("matches the official one", () => {
    expect([...new Set(paths(OPTIONS, ""))].sort()).toEqual(officialOptions());
  });
});

it("each official icon has a drawing", () => {
  expect(officialIcons().filter((name) => !Object.hasOwn(ICONS, name))).toEqual([]);
});
