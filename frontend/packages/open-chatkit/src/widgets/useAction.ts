import { useEffect, useRef, useState } from "preact/hooks";
import { useRuntime, useSettings } from "./context";
import { formValues } from "./fields";
import { withForm } from "./payload";
import type { ActionConfig, FormData } from "./types";

/** Where `loadingBehavior: "auto"` shows that something is under way. */
export type AutoLoading = "self" | "container" | "none";

export type ActionRunner = {
  /** The control shows that its own action is under way, and takes no other meanwhile. */
  isPending: boolean;
  /** It is under way and holds the whole widget. */
  isHolding: boolean;
  /** The server would refuse it now: a response is being written. */
  isBlocked: boolean;
  /**
   * Sends the action with the values of the form around the control; `own` is the control's value
   * where there is no form. False if it wasn't sent or didn't work.
   */
  run: (control: Element | null, own?: FormData) => Promise<boolean>;
};

/** Runs a control's action, with its loading behaviour. */
export function useAction(
  action: ActionConfig | null | undefined,
  auto: AutoLoading,
): ActionRunner {
  const runtime = useRuntime();
  const { isBusy } = useSettings();
  const [underWay, setUnderWay] = useState<AutoLoading>("none");
  const inFlight = useRef(false);
  const isMounted = useRef(true);
  useEffect(() => {
    isMounted.current = true;
    return () => {
      isMounted.current = false;
    };
  }, []);

  const isBlocked = Boolean(action) && isBusy && isRefusedWhileBusy(action);

  async function run(control: Element | null, own?: FormData): Promise<boolean> {
    if (!action || isBlocked || inFlight.current) return false;
    const form = formValues(control) ?? own;
    const { action: filled, collisions } = withForm(action, form);
    if (collisions.length > 0) {
      runtime.log("widget.payload.collision", { action: action.type, fields: collisions });
    }
    const behavior = action.loadingBehavior ?? "auto";
    const loading = behavior === "auto" ? auto : behavior;
    const done = runtime.send(filled, form);
    if (loading === "container") runtime.holdWidget(done);
    if (loading !== "none") {
      inFlight.current = true;
      setUnderWay(loading);
    }
    try {
      await done;
      return true;
    } catch (error) {
      // Whoever does the action tells the person; here only the control's own state is at stake.
      runtime.log("widget.action.failed", { action: action.type, message: String(error) });
      return false;
    } finally {
      inFlight.current = false;
      if (isMounted.current) setUnderWay("none");
    }
  }

  return {
    isPending: underWay === "self",
    isHolding: underWay === "container",
    isBlocked,
    run,
  };
}

/** `streaming: false` is answered by itself; a client's handler asks nobody. */
function isRefusedWhileBusy(action: ActionConfig | null | undefined): boolean {
  return action?.handler !== "client" && action?.streaming !== false;
}
