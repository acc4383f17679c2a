import { describe, expect, it } from "vitest";
import { ApiError, messageOf, readProblem } from "@/lib/problem";

describe("readProblem", () => {
  it.each([
    [403, "You’re not allowed to do this."],
    [429, "Too many requests. Try again in 30 seconds."],
    [500, "The server failed. Try again in a moment."],
    [503, "The service is unavailable. Try again in a moment."],
    [418, "The request failed with status 418."],
  ])("names the cause of a %s without a problem document", async (status, message) => {
    const response = new Response("<html>", { status, headers: { "Retry-After": "30" } });

    expect(messageOf(await readProblem(response))).toBe(message);
  });

  it("reads code, message and field errors of a problem document", async () => {
    const errors = [{ pointer: "#/email", detail: "Not an e-mail address." }];
    const body = { type: "urn:todochat:problem:invalid-input", detail: "Invalid.", errors };

    const error = await readProblem(Response.json(body, { status: 422 }));

    expect(error).toMatchObject({ status: 422, code: "invalid-input", message: "Invalid." });
    expect(error.fields).toEqual({ email: "Not an e-mail address." });
  });
});

describe("messageOf", () => {
  it.each([
    [0.2, "1 second"],
    [59, "59 seconds"],
    [60, "1 minute"],
    [61, "2 minutes"],
  ])("gives a wait of %s s as %s", (retryAfter, wait) => {
    const error = new ApiError(429, "too-many", "Slow down.", {}, retryAfter);

    expect(messageOf(error)).toBe(`Slow down. Try again in ${wait}.`);
  });

  it("shows no wait for other errors", () => {
    expect(messageOf(new ApiError(503, "busy", "Busy.", {}, 30))).toBe("Busy.");
    expect(messageOf(new TypeError("x"))).toBe("Something went wrong. Please try again.");
  });
});
