import { Component, type ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { Icon } from "../../icons/Icon";
import { useT, useUi } from "../context";

type GuardProps = {
  /** The rendered value; when it changes, rendering is retried. */
  of: unknown;
  /** Rendered instead of views that failed. */
  fallback: ComponentChildren;
  onError: (error: unknown) => void;
  children: ComponentChildren;
};

/** Contains errors of views, in rendering or in effects, so that other views stay. */
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
  /** Logged in the event `view.failed`, with `id`. */
  part: string;
  id?: string;
  /** @default a line that reports the failure */
  fallback?: ComponentChildren;
};

/** Replaces a part of the conversation that can't be displayed. */
export function NotShown() {
  const t = useT();
  return (
    <p class="not-shown" part="not-shown">
      <Icon name="alert" size={16} />
      {t("notShown")}
    </p>
  );
}

/** An error boundary that logs the failed part. */
export function Boundary({ of, part, id, fallback = <NotShown />, children }: BoundaryProps) {
  const ui = useUi();
  // The same failure recurs with each token of a response.
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
