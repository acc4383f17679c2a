import { describe, expect, it } from "vitest";
import { checkOptions } from "./checkOptions";

const getClientSecret = async (): Promise<string> => "s";
const api = { url: "/chat", domainKey: "x" };
const wrong = (options: unknown) => checkOptions(options).wrong;

describe("valid options", () => {
  it.each([
    ["a self-hosted server with client secrets", { api: { url: "/chat", getClientSecret } }],
    ["a self-hosted server with fetch", { api: { ...api, fetch } }],
    ["the hosted service", { api: { getClientSecret } }],
    ["a color scheme as the theme", { api, theme: "dark" }],
    ["no initial thread", { api, initialThread: null }],
    ["undefined options", { api, header: undefined, locale: undefined }],
    [
      "a prompt with parts",
      {
        api,
        startScreen: { prompts: [{ label: "a", prompt: [{ type: "input_text", text: "b" }] }] },
      },
    ],
    [
      "size limits by type",
      { api, composer: { attachments: { enabled: true, maxSize: { "*": 5 } } } },
    ],
    ["hosts of images", { api, images: { allow: ["cdn.example.com", "*.example.org"] } }],
    ["labels of tools", { api, clientTools: { labels: { open_task: "Opening", sync: null } } }],
    ["a language without a translation", { api, locale: "tlh" }],
  ])("include %s", (_, options) => {
    expect(checkOptions(options)).toEqual({ wrong: [], unknown: [] });
  });
});

describe("invalid options are reported with their path", () => {
  it.each<[unknown, string]>([
    [null, "options should be an object with `api`"],
    [{}, "api is missing"],
    [{ api: {} }, "api should have a `url`, or `getClientSecret` for the hosted service"],
    [{ api: { url: 7 } }, "api.url should be a string, not 7"],
    [{ api: { url: "/c", fetch: "fetch" } }, 'api.fetch should be a function, not "fetch"'],
    [
      { api: { ...api, uploadStrategy: { type: "direct" } } },
      "api.uploadStrategy.uploadUrl is missing",
    ],
    [{ api, initialThread: 4 }, "initialThread should be null or a string, not 4"],
    [{ api, theme: "blue" }, 'theme should be "light" or "dark" or an object, not "blue"'],
    [
      { api, theme: { radius: 4 } },
      'theme.radius should be "pill" or "round" or "soft" or "sharp", not 4',
    ],
    [{ api, header: { leftAction: { icon: "home" } } }, "header.leftAction.onClick is missing"],
    [
      {
        api,
        startScreen: {
          prompts: [
            { label: "a", prompt: "b" },
            { label: "c", prompt: 3 },
          ],
        },
      },
      "startScreen.prompts[1].prompt should be a string or a list, not 3",
    ],
    [
      { api, composer: { attachments: { enabled: true, maxSize: { "image/*": "5" } } } },
      'composer.attachments.maxSize["image/*"] should be a number, not "5"',
    ],
    [{ api, composer: { models: {} } }, "composer.models should be a list, not an object"],
    [{ api, images: { allow: "*" } }, 'images.allow should be a list, not "*"'],
    [
      { api, clientTools: { labels: { sync: false } } },
      'clientTools.labels["sync"] should be a string or null, not false',
    ],
    [{ api, history: null }, "history should be an object, not null"],
    [
      { api, thread: { autoScroll: () => true } },
      "thread.autoScroll should be a boolean, not a function",
    ],
  ])("%j: %s", (options, message) => {
    expect(wrong(options)).toEqual([message]);
  });

  it("reports all errors at once", () => {
    expect(wrong({ api, frameTitle: 1, thread: [] })).toHaveLength(2);
  });
});

it("reports unknown options separately", () => {
  const options = { api: { ...api, key: 1 }, composer: { placeHolder: "?" }, constructor: 1 };

  expect(checkOptions(options)).toEqual({
    wrong: [],
    unknown: ["api.key", "composer.placeHolder", "constructor"],
  });
});
