/** The progress of uploads in the composer. */

import { within } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import "../../src/index";
import { leavePage } from "./page";

afterEach(() => {
  leavePage();
  vi.unstubAllGlobals();
});

it("shows the upload progress as a percentage in the user's language", async () => {
  let request: Upload | undefined;
  class Upload {
    status = 200;
    statusText = "OK";
    responseText = JSON.stringify({
      id: "a",
      type: "file",
      name: "a.txt",
      mime_type: "text/plain",
    });
    upload: { onprogress: (event: object) => void } = { onprogress: () => {} };
    onload: () => void = () => {};
    open(): void {}
    setRequestHeader(): void {}
    getResponseHeader = (): string => "application/json";
    send(): void {
      request = this;
    }
  }
  vi.stubGlobal("XMLHttpRequest", Upload);
  const element = document.createElement("openai-chatkit");
  const uploadStrategy = { type: "direct" as const, uploadUrl: "http://localhost/upload" };
  element.setOptions({
    api: { url: "http://localhost/chatkit", domainKey: "x", uploadStrategy },
    locale: "de",
    composer: { attachments: { enabled: true } },
  });
  document.body.append(element);
  await element.setComposerValue({ files: [new File(["12"], "a.txt", { type: "text/plain" })] });
  await vi.waitFor(() => expect(request).toBeDefined(), { timeout: 15_000 });
  const view = within(element.shadowRoot as unknown as HTMLElement);

  request?.upload.onprogress({ lengthComputable: true, loaded: 1, total: 2 });

  const bar = await view.findByRole("progressbar", { name: /a\.txt/u });
  await vi.waitFor(() => expect(bar.textContent).toMatch(/^50\s%$/u), { timeout: 15_000 });
  expect(bar.getAttribute("aria-valuenow")).toBe("50");
  request?.onload();
  await vi.waitFor(() => expect(view.queryByRole("progressbar")).toBeNull(), { timeout: 15_000 });
});
