import { Component, type ComponentChild, type FunctionComponent, h } from "preact";

/** `memo` without the compatibility layer: re-renders only if `same` returns false. */
export function memo<P extends object>(
  View: FunctionComponent<P>,
  same: (before: P, after: P) => boolean,
): (props: P) => ComponentChild {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return !same(this.props as P, next);
    }
    override render(): ComponentChild {
      return h(View, this.props as P & { children?: never });
    }
  }
  return Memo as unknown as (props: P) => ComponentChild;
}
