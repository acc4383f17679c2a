import { Component, type ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { Icon } from "../../icons/Icon";
import { useT, useUi } from "../context";

type GuardProps = {
  /** What is drawn; when it changes, drawing is tried again. */
  of: unknown;
  /** Shown in place of views that failed. */
  fallback: ComponentChildren;
  onError: (error: unknown) => void;
  children: ComponentChildren;
};

/** Keeps views that fail, when drawn or in an effect, from taking others with them. */
class Guard extends Component<GuardProps, { failed: { of: unknown } | null }> {
  override state = { failed: null as { of: unknown } | null };

  override componentDidCatch(error: unknown): void {
    this.setState({ failed: { of: this.props.of } });
    this.props.onError(error);
  }

  override render({ of, fallback, children }: GuardProps): ComponentChildren {
    const { failed } = this.state;
    return failed !== null && failed.of === of ? fallback : children;
  }
}

export type BoundaryProps = Pick<GuardProps, "of" | "children"> & {
  /** Named in the log event `view.failed`, with `id`. */
  part: string;
  id?: string;
  /** @default a line that says so */
  fallback?: ComponentChildren;
};

/** Stands for a part of the conversation that can't be drawn. */
export function NotShown() {
  const t = useT();
  return (
    <p class="not-shown" part="not-shown">
      <Icon name="alert" size={16} />
      {t("notShown")}
    </p>
  );
}

/** A guard of the element's own: it says what failed in a log event. */
export function Boundary({ of, part, id, fallback = <NotShown />, children }: BoundaryProps) {
  const ui = useUi();
  // The same failure comes again with each token of an answer.
  const logged = useRef("");
  const onError = (error: unknown): void => {
    const reason = String(error);
    if (logged.current === reason) return;
    logged.current = reason;
    ui.emit("chatkit.log", { name: "view.failed", data: { part, id: id ?? null, error: reason } });
  };
  return (
    <Guard of={of} fallback={fallback} onError={onError}>
      {children}
    </Guard>
  );
}
