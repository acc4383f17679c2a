import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useSettings } from "../context";
import { dayOf, dayText, isoOf } from "../days";
import { FIELD, linkLabels, readableName } from "../fields";
import { Icon } from "../Icon";
import { loader, useLoaded } from "../lazy";
import { nested } from "../payload";
import type { ActionConfig, Shape } from "../types";
import { useAction } from "../useAction";
import { useFieldValue } from "../useFieldValue";
import { controlClass } from "./field";

const calendar = loader(() => import("../lazy/Calendar").then((module) => module.Calendar));

/** A day. Its calendar is loaded when it is first opened. */
export function DatePicker({ node }: { node: Shape<"DatePicker"> }) {
  const { strings, locale } = useSettings();
  const trigger = useRef<HTMLButtonElement>(null);
  const hidden = useRef<HTMLInputElement>(null);
  const [isOpen, setOpen] = useState(false);
  const Calendar = useLoaded(calendar, isOpen);
  const action = useAction(node.onChangeAction as ActionConfig | undefined, "none");
  const hasAction = Boolean(node.onChangeAction);
  const { value, choose } = useFieldValue(node.defaultValue ?? "", hasAction);
  const isWaiting = action.isBlocked || action.isPending;
  const day = dayOf(value);
  useLayoutEffect(() => linkLabels(trigger.current));

  async function change(next: string): Promise<void> {
    const takeBack = choose(next);
    // A field's value is read from the document, so that must have it.
    if (hidden.current) hidden.current.value = next;
    if (!hasAction) return;
    if (await action.run(trigger.current, nested([[node.name, next]]))) return;
    takeBack();
    if (hidden.current) hidden.current.value = value;
  }

  function close(): void {
    setOpen(false);
    trigger.current?.focus({ preventScroll: true });
  }

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
        aria-busy={action.isPending ? true : undefined}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-label={
          day ? undefined : `${readableName(node.name)}: ${node.placeholder || strings.chooseDate}`
        }
        onClick={() => !isWaiting && setOpen(!isOpen)}
        onPointerEnter={() => void calendar.load().catch(() => undefined)}
        {...{ [FIELD]: node.name }}
      >
        <Icon name="calendar" />
        <span class="w-date-text" data-w-value="">
          {day ? dayText(day, locale) : node.placeholder || strings.chooseDate}
        </span>
        {action.isPending ? (
          <span class="w-spinner" role="status" aria-label={strings.loading} />
        ) : null}
      </button>
      {node.clearable && day && !node.disabled && !isWaiting ? (
        <button
          type="button"
          class="w-clear"
          aria-label={strings.clear}
          onClick={() => {
            trigger.current?.focus({ preventScroll: true });
            void change("");
          }}
        >
          <Icon name="close" />
        </button>
      ) : null}
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
