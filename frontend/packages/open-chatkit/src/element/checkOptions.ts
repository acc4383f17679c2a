/** Looks at what a page gives to `setOptions`, and says by its path what is wrong. */

import { OPTIONS, type Shape } from "./optionShapes";

/** What a page did wrong. `chatkit.error` has it; its message names the path of the option. */
export class IntegrationError extends Error {
  override name = "IntegrationError";
}

export type Findings = {
  /** No chat can be had of these. */
  wrong: readonly string[];
  /** Options that nobody knows, perhaps of a later version: the chat goes on without them. */
  unknown: readonly string[];
};

/** Finds all that is wrong at once, so that a page needn't be mended in as many tries. */
export function checkOptions(options: unknown): Findings {
  const found = { wrong: [] as string[], unknown: [] as string[] };
  if (!isPlain(options)) return { ...found, wrong: ["options should be an object with `api`"] };
  check(options, OPTIONS, "", found);
  const { api } = options;
  if (isPlain(api) && api.url === undefined && api.getClientSecret === undefined) {
    found.wrong.push("api should have a `url`, or `getClientSecret` for the hosted service");
  }
  const strategy = isPlain(api) && isPlain(api.uploadStrategy) ? api.uploadStrategy : null;
  if (strategy?.type === "direct" && strategy.uploadUrl === undefined) {
    found.wrong.push("api.uploadStrategy.uploadUrl is missing");
  }
  return found;
}

type Found = { wrong: string[]; unknown: string[] };

function check(value: unknown, shape: Shape, at: string, found: Found): void {
  if (shape === "anything") return;
  if (typeof shape === "object" && "anyOf" in shape) {
    const alike = shape.anyOf.find((option) => isAlike(value, option));
    if (alike === undefined) complain(value, shape, at, found);
    else check(value, alike, at, found);
    return;
  }
  if (!isAlike(value, shape)) {
    complain(value, shape, at, found);
    return;
  }
  if (typeof shape === "string" || "oneOf" in shape) return;
  if ("listOf" in shape) {
    for (const [index, entry] of (value as unknown[]).entries()) {
      check(entry, shape.listOf, `${at}[${index}]`, found);
    }
    return;
  }
  const given = value as Record<string, unknown>;
  if ("recordOf" in shape) {
    for (const [name, entry] of Object.entries(given)) {
      check(entry, shape.recordOf, `${at}[${JSON.stringify(name)}]`, found);
    }
    return;
  }
  const prefix = at === "" ? "" : `${at}.`;
  for (const [name, entry] of Object.entries(given)) {
    const known = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    // An option that is undefined wasn't given, as pages write conditions.
    if (entry === undefined) continue;
    if (known === undefined) found.unknown.push(`${prefix}${name}`);
    else check(entry, known, `${prefix}${name}`, found);
  }
  for (const name of shape.needs ?? []) {
    if (given[name] === undefined) found.wrong.push(`${prefix}${name} is missing`);
  }
}

/** Whether a value is of a kind, whatever is inside of it. */
function isAlike(value: unknown, shape: Shape): boolean {
  if (shape === "null") return value === null;
  if (shape === "anything") return true;
  if (shape === "number") return typeof value === "number" && !Number.isNaN(value);
  if (typeof shape === "string") return typeof value === shape;
  if ("oneOf" in shape) return (shape.oneOf as readonly unknown[]).includes(value);
  if ("anyOf" in shape) return shape.anyOf.some((option) => isAlike(value, option));
  if ("listOf" in shape) return Array.isArray(value);
  return isPlain(value);
}

function complain(value: unknown, shape: Shape, at: string, found: Found): void {
  found.wrong.push(`${at} should be ${wanted(shape)}, not ${shown(value)}`);
}

function wanted(shape: Shape): string {
  if (shape === "null" || shape === "anything") return shape;
  if (typeof shape === "string") return `a ${shape}`;
  if ("oneOf" in shape) return shape.oneOf.map((value) => JSON.stringify(value)).join(" or ");
  if ("anyOf" in shape) return shape.anyOf.map(wanted).join(" or ");
  return "listOf" in shape ? "a list" : "an object";
}

function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null)
    return Array.isArray(value) ? "a list" : "an object";
  return String(JSON.stringify(value) ?? value).slice(0, 80);
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
