import { describe, expect, it } from "vitest";
import { isThreadNotFound, openThread, rememberThread } from "@/lib/openThread";

describe("openThread", () => {
  it("returns each user's conversation until a new chat starts", () => {
    rememberThread("usr_ada", "thr_1");
    rememberThread("usr_bob", "thr_2");
    expect(openThread("usr_ada")).toBe("thr_1");
    expect(openThread("usr_bob")).toBe("thr_2");

    rememberThread("usr_ada", null);
    expect(openThread("usr_ada")).toBeNull();
    expect(openThread("usr_bob")).toBe("thr_2");
  });

  it("counts as not found only after a 404", () => {
    const errorOf = (status: number) => Object.assign(new Error("refused"), { status });
    expect(isThreadNotFound(errorOf(404))).toBe(true);
    expect(isThreadNotFound(errorOf(503))).toBe(false);
    expect(isThreadNotFound(new TypeError("network"))).toBe(false);
  });
});
