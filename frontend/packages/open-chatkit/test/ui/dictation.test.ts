/** Dictation, with a fake recorder. */

import { fireEvent, waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { leavePage, openPage } from "./page";

class FakeRecorder {
  static last: FakeRecorder;
  static isTypeSupported = (type: string): boolean => type === "audio/mp4";
  readonly mimeType: string;
  ondataavailable: (event: { data: Blob }) => void = () => {};
  onstop: () => void = () => {};
  start = vi.fn();

  constructor(
    readonly stream: { getTracks: () => { stop: () => void }[] },
    options: { mimeType?: string },
  ) {
    this.mimeType = options.mimeType ?? "";
    FakeRecorder.last = this;
  }

  stop(): void {
    this.ondataavailable({ data: new Blob(this.chunks, { type: this.mimeType }) });
    this.onstop();
  }

  chunks: string[] = ["sound"];
}

const track = { stop: vi.fn() };
const getUserMedia = vi.fn();

beforeEach(() => {
  getUserMedia.mockReset().mockResolvedValue({ getTracks: () => [track] });
  track.stop.mockReset();
  vi.stubGlobal("MediaRecorder", FakeRecorder);
  Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia }, configurable: true });
});

afterEach(() => {
  leavePage();
  vi.unstubAllGlobals();
});

async function listening() {
  const page = await openPage({ composer: { dictation: { enabled: true } } });
  fireEvent.click(page.view.getByRole("button", { name: "Dictate" }));
  await page.view.findByText("Listening…");
  return { ...page, field: page.view.getByRole("textbox") as HTMLTextAreaElement };
}

it("appends the transcript to the draft and releases the microphone", async () => {
  const { element, view, field, server } = await listening();
  await element.setComposerValue({ text: "Note:" });
  expect(view.queryByRole("button", { name: "Send message" })).toBeNull();

  fireEvent.click(view.getByRole("button", { name: "Finish dictation" }));

  await waitFor(() => expect(field.value).toBe("Note: spoken text"));
  expect(track.stop).toHaveBeenCalledOnce();
  expect(server.requests).toEqual([
    { type: "input.transcribe", params: { audio_base64: btoa("sound"), mime_type: "audio/mp4" } },
  ]);
  expect(view.getByRole("button", { name: "Dictate" })).toBeTruthy();
});

it("discards the recording when it is cancelled", async () => {
  const { view, field, server } = await listening();

  fireEvent.click(view.getByRole("button", { name: "Discard recording" }));

  await view.findByRole("button", { name: "Dictate" });
  expect(field.value).toBe("");
  expect(track.stop).toHaveBeenCalledOnce();
  expect(server.requests).toEqual([]);
});

it("releases the microphone when the element is removed", async () => {
  const { element } = await listening();

  element.remove();

  await waitFor(() => expect(track.stop).toHaveBeenCalled());
});

it("explains how to allow the microphone when access is denied", async () => {
  getUserMedia.mockRejectedValue(new DOMException("no", "NotAllowedError"));
  const { view } = await openPage({ composer: { dictation: { enabled: true } } });

  fireEvent.click(view.getByRole("button", { name: "Dictate" }));

  await view.findByText(/Microphone access is blocked/u);
  expect(view.getByRole("button", { name: "Dictate" })).toBeTruthy();
});

it("is available only if the page enables it and the browser can record", async () => {
  const off = await openPage();
  expect(off.view.queryByRole("button", { name: "Dictate" })).toBeNull();

  vi.stubGlobal("MediaRecorder", undefined);
  const unable = await openPage({ composer: { dictation: { enabled: true } } });
  expect(unable.view.queryByRole("button", { name: "Dictate" })).toBeNull();
});
