import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Children } from "../Children";
import { SubmissionContext, useSettings } from "../context";
import { borders, pads } from "../css";
import { newId, SCOPE } from "../fields";
import { Icon } from "../Icon";
import { OnSurface, useSurface } from "../surface";
import type { ActionConfig, Shape, Spacing } from "../types";
import { useAction } from "../useAction";
import { PlainButton } from "./Button";
import { Status } from "./Status";

type CardShape = Shape<"Card">;

/** A frame around content, with an optional status above and buttons below. */
export function Card({ node }: { node: CardShape }) {
  const card = useRef<HTMLDivElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const confirm = useAction(node.confirm?.action as ActionConfig | undefined, "container");
  const cancel = useAction(node.cancel?.action as ActionConfig | undefined, "container");
  const isWaiting = [confirm, cancel].some((each) => each.isDisabled || each.isPending);
  const asForm = node.asForm === true;
  const { surface, style } = useSurface(node.background);

  const footer =
    node.confirm || node.cancel ? (
      <div class="w-card-footer">
        {node.cancel ? (
          <PlainButton
            class="w-button w-control w-variant-soft w-size-md w-tone-secondary"
            type="button"
            label={node.cancel.label}
            isWaiting={isWaiting}
            isPending={cancel.isPending || cancel.isBlockingWidget}
            onPress={() => void cancel.run(form.current ?? card.current)}
          />
        ) : null}
        {node.confirm ? (
          <PlainButton
            class="w-button w-control w-variant-solid w-size-md w-tone-primary"
            type={asForm ? "submit" : "button"}
            label={node.confirm.label}
            isWaiting={isWaiting}
            isPending={confirm.isPending || confirm.isBlockingWidget}
            onPress={asForm ? undefined : () => void confirm.run(form.current ?? card.current)}
          />
        ) : null}
      </div>
    ) : null;

  const body = (
    <>
      <div class="w-card-body w-col w-col-open">
        <Children of={node} />
      </div>
      {footer}
    </>
  );
  const common = {
    class: `w-card w-card-${node.size ?? "md"}${node.theme ? ` w-theme-${node.theme}` : ""}`,
    part: "widget-card",
    style: { ...style, ...borders(node.border), ...pads(node.padding as Spacing | undefined) },
    [SCOPE]: "",
  };
  const content = (
    <OnSurface surface={surface}>
      <Collapsible
        isCollapsed={node.collapsed === true}
        status={node.status ? <Status of={node.status} /> : null}
      >
        {body}
      </Collapsible>
    </OnSurface>
  );
  if (!asForm) {
    return (
      <div {...common} ref={card}>
        {content}
      </div>
    );
  }
  return (
    <form
      {...common}
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        if (event.target === form.current && !isWaiting) void confirm.run(form.current);
      }}
    >
      <SubmissionContext.Provider
        value={{ isPending: confirm.isPending || confirm.isBlockingWidget, isWaiting }}
      >
        {content}
      </SubmissionContext.Provider>
    </form>
  );
}

type CollapsibleProps = {
  isCollapsed: boolean;
  status: ComponentChildren;
  children: ComponentChildren;
};

/** Collapses a finished card; the user can expand it. */
function Collapsible({ isCollapsed, status, children }: CollapsibleProps) {
  const { strings } = useSettings();
  const [isOpen, setOpen] = useState(!isCollapsed);
  const id = useRef("");
  id.current ||= newId();
  useEffect(() => setOpen(!isCollapsed), [isCollapsed]);
  if (!isCollapsed) {
    return (
      <>
        {status}
        {children}
      </>
    );
  }
  return (
    <>
      <button
        type="button"
        class="w-card-toggle"
        aria-expanded={isOpen}
        aria-controls={id.current}
        onClick={() => setOpen(!isOpen)}
      >
        <span class="w-card-summary">{status ?? strings.details}</span>
        <Icon name="chevron-down" class={isOpen ? "w-turned" : ""} />
      </button>
      <div id={id.current} hidden={!isOpen}>
        {children}
      </div>
    </>
  );
}
