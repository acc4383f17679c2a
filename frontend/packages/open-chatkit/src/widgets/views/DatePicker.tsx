import { useRef } from "preact/hooks";
import { useSettings } from "../context";
import { dayOf, dayText, isoOf } from "../days";
import { FIELD, readableName } from "../fields";
import { Icon } from "../Icon";
import { loader, useLoaded } from "../lazy";
import type { Shape } from "../types";
import { useChoice } from "../useChoice";
import { controlClass } from "./field";
import { ClearButton, FieldSpinner, useOpen } from "./fieldParts";

const calendar = loader("the calendar", () =>
  import("../lazy/Calendar").then((module) => module.Calendar),
);

/** A date picker. Its calendar is loaded when it is first opened. */
export function DatePicker({ node }: { node: Shape<"DatePicker"> }) {
  const { strings, locale } = useSettings();
  const trigger = useRef<HTMLButtonElement>(null);
  const hidden = useRef<HTMLInputElement>(null);
  const { isOpen, toggle, close } = useOpen(trigger);
  const { value: Calendar, failed } = useLoaded(calendar, isOpen);
  const { value, change, isPending, isWaiting } = useChoice(node, trigger, hidden);
  const day = dayOf(value);

  return (
    <div class={`w-date-frame${node.block ? " w-block" : ""}`}>
      <input
        ref={hidden}
        type="hidden"
        name={node.name}
        value={value}
        disabled={node.disabled === true}
      />
      <button
        ref={trigger}
        type="button"
        class={`${controlClass("w-date", node, "outline")}${day ? "" : " w-empty"}`}
        disabled={node.disabled === true}
        aria-disabled={isWaiting ? true : undefined}
        aria-busy={isPending ? true : undefined}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-label={
          day ? undefined : `${readableName(node.name)}: ${node.placeholder || strings.chooseDate}`
        }
        onClick={() => !isWaiting && toggle()}
        onPointerEnter={() => void calendar.load()}
        {...{ [FIELD]: node.name }}
      >
        <Icon name="calendar" />
        <span class="w-date-text" data-w-value="">
          {day ? dayText(day, locale) : node.placeholder || strings.chooseDate}
        </span>
        {isPending ? <FieldSpinner /> : null}
      </button>
      {node.clearable && day && !node.disabled && !isWaiting ? (
        <ClearButton control={trigger} onClear={() => void change("")} />
      ) : null}
      {failed ? <p class="w-fallback-note">{strings.unknown("DatePicker")}</p> : null}
      {isOpen && Calendar ? (
        <Calendar
          anchor={trigger}
          day={day}
          min={dayOf(node.min)}
          max={dayOf(node.max)}
          side={node.side ?? "bottom"}
          align={node.align ?? "start"}
          locale={locale}
          strings={strings}
          onChoose={(chosen) => {
            close();
            if (chosen !== day) void change(isoOf(chosen));
          }}
          onClose={close}
        />
      ) : null}
    </div>
  );
}
