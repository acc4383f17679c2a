import { useEffect, useRef, useState } from "preact/hooks";

export type FieldState<T> = {
  value: T;
  /** Sets the user's value; returns a function that reverts it. */
  choose: (value: T) => () => void;
};

/**
 * Holds a field's value: the server's until the user changes it. A later server value replaces the
 * user's only in fields with their own action, in which the server is authoritative.
 */
export function useFieldValue<T>(given: T, serverDecides: boolean): FieldState<T> {
  const [own, setOwn] = useState<{ value: T } | null>(null);
  const before = useRef(given);
  useEffect(() => {
    if (before.current !== given && serverDecides) setOwn(null);
    before.current = given;
  }, [given, serverDecides]);
  return {
    value: own ? own.value : given,
    choose: (value) => {
      const previous = own;
      setOwn({ value });
      return () => setOwn(previous);
    },
  };
}
