import { beforeEach, describe, expect, it } from "vitest";
import { forgetPage, needsSignIn, rememberPage, requestedPage } from "@/lib/returnTo";

beforeEach(() => forgetPage());

describe("requestedPage", () => {
  it("returns the stored page", () => {
    rememberPage("/chat?thread=thr_1");
    expect(requestedPage()).toBe("/chat?thread=thr_1");
  });

  it("returns the task panel if no page is stored", () => {
    expect(requestedPage()).toBe("/");
  });

  it.each(["//evil.example", "https://evil.example", "/\\evil.example", "/login", "/register?x=1"])(
    "never returns %s",
    (page) => {
      rememberPage(page);
      expect(requestedPage()).toBe("/");
    },
  );
});

describe("needsSignIn", () => {
  it.each(["/", "/chat", "/chat/"])("is true for %s", (page) => {
    expect(needsSignIn(page)).toBe(true);
  });
  it.each(["/login", "/register", "/nowhere", "/chatter"])("is false for %s", (page) => {
    expect(needsSignIn(page)).toBe(false);
  });
});
