/** Validates the options of `setOptions` and reports errors with their paths. */

import { ACCEPTED, type Shape } from "./optionShapes";

/** Invalid use of the element by the page, in `chatkit.error`; the message has the option's path. */
export class IntegrationError extends Error {
  override name = "IntegrationError";
}

export type Findings = {
  /** Errors that prevent a chat. */
  wrong: readonly string[];
  /** Unknown options, perhaps of a later version: they are ignored. */
  unknown: readonly string[];
};

/** Returns all errors at once, so that a page can be fixed in one step. */
export function checkOptions(options: unknown): Findings {
  const found = { wrong: [] as string[], unknown: [] as string[] };
  if (!isPlainObject(options))
    return { ...found, wrong: ["options should be an object with `api`"] };
  check(options, ACCEPTED, "", found);
  const { api } = options;
  if (isPlainObject(api) && api.url === undefined && api.getClientSecret === undefined) {
    found.wrong.push("api should have a `url`, or `getClientSecret` for the hosted service");
  }
  const strategy =
    isPlainObject(api) && isPlainObject(api.uploadStrategy) ? api.uploadStrategy : null;
  if (strategy?.type === "direct" && strategy.uploadUrl === undefined) {
    found.wrong.push("api.uploadStrategy.uploadUrl is missing");
  }
  return found;
}

type Found = { wrong: string[]; unknown: string[] };

function check(value: unknown, shape: Shape, at: string, found: Found): void {
  if (shape === "anything") return;
  if (typeof shape === "object" && "anyOf" in shape) {
    const matching = shape.anyOf.find((option) => hasOuterType(value, option));
    if (matching === undefined) report(value, shape, at, found);
    else check(value, matching, at, found);
    return;
  }
  if (!hasOuterType(value, shape)) {
    report(value, shape, at, found);
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
    // An undefined option counts as missing: pages often set options conditionally.
    if (entry === undefined) continue;
    if (known === undefined) found.unknown.push(`${prefix}${name}`);
    else check(entry, known, `${prefix}${name}`, found);
  }
  for (const name of shape.needs ?? []) {
    if (given[name] === undefined) found.wrong.push(`${prefix}${name} is missing`);
  }
}

/** Returns whether a value has the outer type of a shape; its fields aren't checked. */
function hasOuterType(value: unknown, shape: Shape): boolean {
  if (shape === "null") return value === null;
  if (shape === "anything") return true;
  if (shape === "number") return typeof value === "number" && !Number.isNaN(value);
  if (typeof shape === "string") return typeof value === shape;
  if ("oneOf" in shape) return (shape.oneOf as readonly unknown[]).includes(value);
  if ("anyOf" in shape) return shape.anyOf.some((option) => hasOuterType(value, option));
  if ("listOf" in shape) return Array.isArray(value);
  return isPlainObject(value);
}

function report(value: unknown, shape: Shape, at: string, found: Found): void {
  found.wrong.push(`${at} should be ${describeShape(shape)}, not ${describeValue(value)}`);
}

function describeShape(shape: Shape): string {
  if (shape === "null" || shape === "anything") return shape;
  if (typeof shape === "string") return `a ${shape}`;
  if ("oneOf" in shape) return shape.oneOf.map((value) => JSON.stringify(value)).join(" or ");
  if ("anyOf" in shape) return shape.anyOf.map(describeShape).join(" or ");
  return "listOf" in shape ? "a list" : "an object";
}

function describeValue(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null)
    return Array.isArray(value) ? "a list" : "an object";
  return String(JSON.stringify(value) ?? value).slice(0, 80);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
