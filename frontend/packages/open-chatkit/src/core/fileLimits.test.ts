import { expect, it } from "vitest";
import { sortFiles } from "./fileLimits";

const file = (name: string, type: string, bytes: number) =>
  new File([new Uint8Array(bytes)], name, { type });

const picture = file("a.PNG", "image/png", 20);
const notes = file("notes.md", "", 20);

it.each<[string, Parameters<typeof sortFiles>[1], File, string | null]>([
  ["files are off by default", undefined, picture, "disabled"],
  ["files are off", { enabled: false }, picture, "disabled"],
  ["no limits", { enabled: true }, picture, null],
  ["one limit for all", { enabled: true, maxSize: 10 }, picture, "too-large"],
  ["a limit by type", { enabled: true, maxSize: { "image/*": 10, "*": 99 } }, picture, "too-large"],
  [
    "the closest limit",
    { enabled: true, maxSize: { "image/*": 10, "image/png": 99 } },
    picture,
    null,
  ],
  ["the fallback limit", { enabled: true, maxSize: { "image/*": 99, "": 10 } }, notes, "too-large"],
  ["a type that is accepted", { enabled: true, accept: { "image/*": [] } }, picture, null],
  ["an extension that is accepted", { enabled: true, accept: { "x/y": [".png"] } }, picture, null],
  ["one that isn't", { enabled: true, accept: { "image/*": [".png"] } }, notes, "not-accepted"],
  ["one too many", { enabled: true, maxCount: 2 }, picture, "too-many"],
])("%s", (_, limits, candidate, reason) => {
  const { accepted, rejected } = sortFiles([candidate], limits, 2);
  expect(accepted).toEqual(reason === null ? [candidate] : []);
  expect(rejected.map((refusal) => refusal.reason)).toEqual(reason === null ? [] : [reason]);
});
