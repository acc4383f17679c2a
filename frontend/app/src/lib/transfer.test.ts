import { describe, expect, it } from "vitest";
import { describeCounts, describeFormat, type ImportReport } from "@/lib/transfer";

const NONE = { created: 0, existing: 0, changed: 0, in_trash: 0, skipped: 0 };
const report = (fields: Partial<ImportReport>): ImportReport => ({
  dry_run: true,
  format: "csv",
  encoding: null,
  request_id: null,
  lists: NONE,
  sections: NONE,
  tasks: NONE,
  filters: NONE,
  tags: NONE,
  issues: [],
  issue_count: 0,
  left_out: [],
  ...fields,
});

describe("import report", () => {
  it("counts only the kinds of things in the file", () => {
    const counts = describeCounts(
      report({
        tasks: { ...NONE, created: 12, existing: 3, changed: 1, skipped: 2 },
        lists: { ...NONE, created: 1 },
        tags: { ...NONE, in_trash: 1 },
      }),
    );

    expect(counts).toEqual([
      "12 new tasks (3 already here, 1 of them different in the file, 2 skipped)",
      "1 new list",
      "0 new tags (1 in the trash)",
    ]);
  });

  it("names the format, and an encoding that was guessed", () => {
    expect(describeFormat(report({ format: "ticktick" }))).toBe("TickTick");
    expect(describeFormat(report({ encoding: "windows-1252" }))).toBe(
      "Table (CSV) in windows-1252",
    );
  });
});
