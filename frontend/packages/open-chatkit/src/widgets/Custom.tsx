import { useEffect, useRef } from "preact/hooks";
import { Children } from "./Children";
import { useRuntime, useSettings } from "./context";
import { formValues } from "./fields";
import { withForm } from "./payload";
import type { CustomProps, CustomWidget, DomWidget, WidgetNode } from "./types";

export type CustomViewProps = { node: WidgetNode; custom: CustomWidget };

/** Renders a component from the registry. */
export function Custom({ node, custom }: CustomViewProps) {
  const runtime = useRuntime();
  const { isBusy } = useSettings();
  const host = useRef<HTMLDivElement>(null);
  const props: CustomProps = {
    node,
    isBusy,
    onAction: (action) => {
      const form = formValues(host.current);
      return runtime.send(withForm(action, form).action, form);
    },
  };
  if ("view" in custom) {
    const View = custom.view;
    return (
      <div class="w-custom" ref={host}>
        <View {...props}>
          <Children of={node} />
        </View>
      </div>
    );
  }
  return <Mounted custom={custom} props={props} host={host} />;
}

type MountedProps = {
  custom: DomWidget;
  props: CustomProps;
  host: { current: HTMLDivElement | null };
};

function Mounted({ custom, props, host }: MountedProps) {
  const latest = useRef(props);
  latest.current = props;
  const isJustMounted = useRef(false);
  // Without `update`, a changed node is mounted again.
  const start = custom.update ? null : props.node;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new `start` mounts the component again.
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    isJustMounted.current = true;
    const undo = custom.mount(element, latest.current);
    return () => {
      undo?.();
      element.replaceChildren();
    };
  }, [custom, host, start]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new node or busy state is an update.
  useEffect(() => {
    if (!isJustMounted.current && host.current) custom.update?.(host.current, latest.current);
    isJustMounted.current = false;
  }, [custom, host, props.node, props.isBusy]);
  return <div class="w-custom" ref={host} />;
}
