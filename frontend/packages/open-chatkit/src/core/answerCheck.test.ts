import { describe, expect, it } from "vitest";
import {
  added,
  assistantMessage,
  delta,
  done,
  thread,
  toolCall,
  userMessage,
} from "../../test/fixtures/items";
import { AnswerCheck } from "./answerCheck";
import { parseEvent } from "./parse";
import { NO_ITEMS, reduceItems } from "./reducer";
import type { StreamingRequest } from "./types";

function isMissing(type: StreamingRequest["type"], raw: readonly object[]): boolean {
  const check = new AnswerCheck(type);
  let state = NO_ITEMS;
  for (const event of raw.flatMap((each) => parseEvent(each) ?? [])) {
    check.add(event);
    state = reduceItems(state, event).state;
  }
  return check.isMissing(state.items);
}

const asked = done(userMessage("u", "hi"));
const blank = done(assistantMessage("a", " "));
const closed = { type: "thread.updated", thread: thread("thr_1", { status: { type: "closed" } }) };

describe("a message has no answer if the stream has only", () => {
  it.each([
    ["nothing", []],
    ["the message", [{ type: "thread.created", thread: thread() }, asked]],
    ["a title", [asked, { type: "thread.updated", thread: thread("thr_1", { title: "Hi" }) }]],
    ["progress", [asked, { type: "progress_update", text: "Thinking" }]],
    ["options", [{ type: "stream_options", stream_options: { allow_cancel: true } }]],
    ["an empty text", [asked, blank]],
    [
      "an item that was removed",
      [
        asked,
        added(assistantMessage("a")),
        delta("a", "No"),
        { type: "thread.item.removed", item_id: "a" },
      ],
    ],
  ])("%s", (_, events) => {
    for (const type of ["threads.create", "threads.add_user_message"] as const) {
      expect(isMissing(type, events)).toBe(true);
    }
    expect(isMissing("threads.retry_after_item", events)).toBe(true);
  });
});

describe("a message is answered by", () => {
  it.each([
    ["a text", [asked, done(assistantMessage("a", "Yes"))]],
    ["a call of a client tool", [asked, done(toolCall("c"))]],
    ["the end of the turn", [asked, done({ ...userMessage("e", ""), type: "end_of_turn" })]],
    ["an item of a later version", [asked, done({ id: "x", type: "hologram" })]],
    ["an effect", [asked, { type: "client_effect", name: "confetti" }]],
    ["a notice", [asked, { type: "notice", level: "info", message: "Closed on Sundays" }]],
    ["an error", [{ type: "error", code: "custom", allow_retry: false }]],
    ["a closed thread", [asked, closed]],
    ["a change of an earlier item", [asked, delta("earlier", "!")]],
    ["an event of a later version", [asked, { type: "hologram.shown" }]],
  ])("%s", (_, events) => {
    expect(isMissing("threads.add_user_message", events)).toBe(false);
  });
});

it.each([
  "threads.custom_action",
  "threads.add_client_tool_output",
  "threads.add_structured_input",
] as const)("%s may end without an item", (type) => {
  expect(isMissing(type, [])).toBe(false);
});
