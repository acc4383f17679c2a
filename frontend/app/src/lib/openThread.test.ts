import { describe, expect, it } from "vitest";
import { isThreadGone, openThread, rememberThread } from "@/lib/openThread";

describe("the open conversation", () => {
  it("is remembered for each person until a new chat is begun", () => {
    rememberThread("usr_ada", "thr_1");
    rememberThread("usr_bob", "thr_2");
    expect(openThread("usr_ada")).toBe("thr_1");
    expect(openThread("usr_bob")).toBe("thr_2");

    rememberThread("usr_ada", null);
    expect(openThread("usr_ada")).toBeNull();
    expect(openThread("usr_bob")).toBe("thr_2");
  });

  it("is gone only if the server says so", () => {
    const refusal = (status: number) => Object.assign(new Error("refused"), { status });
    expect(isThreadGone(refusal(404))).toBe(true);
    expect(isThreadGone(refusal(503))).toBe(false);
    expect(isThreadGone(new TypeError("network"))).toBe(false);
  });
});
