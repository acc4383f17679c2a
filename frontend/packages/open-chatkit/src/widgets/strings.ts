import { english, type Translate } from "../locale";

/** Returns the views' own texts; all other texts come from the server. */
export function widgetStrings(t: Translate) {
  return {
    showMore: (count: number) => t("showMore", { count }),
    showLess: t("showLess"),
    clear: t("clear"),
    chooseDate: t("chooseDate"),
    choose: t("choose"),
    previousMonth: t("previousMonth"),
    nextMonth: t("nextMonth"),
    loading: t("working"),
    details: t("details"),
    imageFrom: (host: string) => t("imageFrom", { host }),
    imageMissing: t("imageMissing"),
    unknown: (type: string) => t("partUnknown", { type }),
    chartTable: t("chartTable"),
    chart: t("chart"),
    search: t("searchHere"),
    nothingFound: t("nothingFound"),
  };
}

export type WidgetStrings = ReturnType<typeof widgetStrings>;

export const englishStrings = widgetStrings(english.t);
