import { widgetTokens } from "../tokens";
import { calendarStyles } from "./calendar";
import { chartStyles } from "./chart";
import { containerStyles } from "./containers";
import { controlStyles } from "./controls";
import { fieldStyles } from "./fields";
import { textStyles } from "./texts";

/** The style sheet for shadow roots with widgets, as text. */
export const widgetStyles = [
  widgetTokens,
  containerStyles,
  textStyles,
  controlStyles,
  fieldStyles,
  chartStyles,
  calendarStyles,
].join("\n");
