import { useEffect, useRef, useState } from "preact/hooks";
import { useRuntime, useSettings } from "./context";
import { formValues } from "./fields";
import { withForm } from "./payload";
import type { ActionConfig, FormData } from "./types";

/** The part that shows the loading state with `loadingBehavior: "auto"`. */
export type AutoLoading = "self" | "container" | "none";

export type ActionRunner = {
  /** True while the control shows its action's loading state and is disabled. */
  isPending: boolean;
  /** True while the action blocks the whole widget. */
  isBlockingWidget: boolean;
  /** True while the server would reject the action, because a response is in progress. */
  isDisabled: boolean;
  /**
   * Sends the action with the values of the surrounding form; `own` is the control's value outside
   * of forms. Returns false if the action wasn't sent or failed.
   */
  run: (control: Element | null, own?: FormData) => Promise<boolean>;
};

/** Runs a control's action with its loading behavior. */
export function useAction(
  action: ActionConfig | null | undefined,
  auto: AutoLoading,
): ActionRunner {
  const runtime = useRuntime();
  const { isBusy } = useSettings();
  const [loadingPart, setLoadingPart] = useState<AutoLoading>("none");
  const inFlight = useRef(false);
  const isMounted = useRef(true);
  useEffect(() => {
    isMounted.current = true;
    return () => {
      isMounted.current = false;
    };
  }, []);

  const isDisabled = Boolean(action) && isBusy && needsIdleServer(action);

  async function run(control: Element | null, own?: FormData): Promise<boolean> {
    if (!action || isDisabled || inFlight.current) return false;
    const form = formValues(control) ?? own;
    const { action: filled, collisions } = withForm(action, form);
    if (collisions.length > 0) {
      runtime.log("widget.payload.collision", { action: action.type, fields: collisions });
    }
    const behavior = action.loadingBehavior ?? "auto";
    const loading = behavior === "auto" ? auto : behavior;
    const done = runtime.send(filled, form);
    if (loading === "container") runtime.blockWidget(done);
    if (loading !== "none") {
      inFlight.current = true;
      setLoadingPart(loading);
    }
    try {
      await done;
      return true;
    } catch (error) {
      // The caller of `onAction` reports the error; only the control's state is reset here.
      runtime.log("widget.action.failed", { action: action.type, message: String(error) });
      return false;
    } finally {
      inFlight.current = false;
      if (isMounted.current) setLoadingPart("none");
    }
  }

  return {
    isPending: loadingPart === "self",
    isBlockingWidget: loadingPart === "container",
    isDisabled,
    run,
  };
}

/** Returns whether an action needs a streamed response, which the server rejects while busy. */
function needsIdleServer(action: ActionConfig | null | undefined): boolean {
  return action?.handler !== "client" && action?.streaming !== false;
}
