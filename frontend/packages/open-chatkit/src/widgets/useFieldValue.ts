import { useEffect, useRef, useState } from "preact/hooks";

export type FieldState<T> = {
  value: T;
  /** Sets what the person chose; the function returned takes it back. */
  choose: (value: T) => () => void;
};

/**
 * Holds a field's value: the server's until the person chooses one. A later value of the server
 * replaces that only where the server has the last word, which is in fields with their own action.
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
