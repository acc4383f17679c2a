/** What the views say by themselves; everything else comes from the server. */
export const englishStrings = {
  showMore: (count: number) => `Show ${count} more`,
  showLess: "Show less",
  clear: "Clear",
  chooseDate: "Choose a date",
  choose: "Choose…",
  previousMonth: "Previous month",
  nextMonth: "Next month",
  loading: "Working…",
  details: "Details",
  imageFrom: (host: string) => `Image from ${host}`,
  imageMissing: "This image can't be shown",
  unknown: (type: string) => `This part (${type}) can't be shown here.`,
  chartTable: "Data as a table",
  chart: "Chart",
};

export type WidgetStrings = typeof englishStrings;
