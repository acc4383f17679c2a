import { beforeEach, describe, expect, it } from "vitest";
import { forgetPage, needsSignIn, pageAskedFor, rememberPage } from "@/lib/returnTo";

beforeEach(() => forgetPage());

describe("the page after signing in", () => {
  it("is the one that was asked for", () => {
    rememberPage("/chat?thread=thr_1");
    expect(pageAskedFor()).toBe("/chat?thread=thr_1");
  });

  it("is the task panel when none was", () => {
    expect(pageAskedFor()).toBe("/");
  });

  it.each(["//evil.example", "https://evil.example", "/\\evil.example", "/login", "/register?x=1"])(
    "is never %s",
    (page) => {
      rememberPage(page);
      expect(pageAskedFor()).toBe("/");
    },
  );
});

describe("pages", () => {
  it.each(["/", "/chat", "/chat/"])("%s is for people who are signed in", (page) => {
    expect(needsSignIn(page)).toBe(true);
  });
  it.each(["/login", "/register", "/nowhere", "/chatter"])("%s is for everybody", (page) => {
    expect(needsSignIn(page)).toBe(false);
  });
});
