import { expect, it } from "vitest";
import { sortFiles } from "./fileLimits";

const file = (name: string, type: string, bytes: number) =>
  new File([new Uint8Array(bytes)], name, { type });

const picture = file("a.PNG", "image/png", 20);
const notes = file("notes.md", "", 20);

it.each<[string, Parameters<typeof sortFiles>[1], File, string | null]>([
  ["files are disabled by default", undefined, picture, "disabled"],
  ["files are disabled", { enabled: false }, picture, "disabled"],
  ["no limits", { enabled: true }, picture, null],
  ["one limit for all", { enabled: true, maxSize: 10 }, picture, "too-large"],
  ["a limit by type", { enabled: true, maxSize: { "image/*": 10, "*": 99 } }, picture, "too-large"],
  [
    "the most specific limit",
    { enabled: true, maxSize: { "image/*": 10, "image/png": 99 } },
    picture,
    null,
  ],
  ["the fallback limit", { enabled: true, maxSize: { "image/*": 99, "": 10 } }, notes, "too-large"],
  ["an accepted type", { enabled: true, accept: { "image/*": [] } }, picture, null],
  ["an accepted extension", { enabled: true, accept: { "x/y": [".png"] } }, picture, null],
  [
    "a type that isn't accepted",
    { enabled: true, accept: { "image/*": [".png"] } },
    notes,
    "not-accepted",
  ],
  ["one too many", { enabled: true, maxCount: 2 }, picture, "too-many"],
])("%s", (_, limits, candidate, reason) => {
  const { accepted, rejected } = sortFiles([candidate], limits, 2);
  expect(accepted).toEqual(reason === null ? [candidate] : []);
  expect(rejected.map((refusal) => refusal.reason)).toEqual(reason === null ? [] : [reason]);
});
