import { useEffect, useMemo } from "preact/hooks";

/** A model that lives as long as the component, or until `key` changes. */
export function useOwned<T extends { dispose(): void }>(create: () => T, key: string): T {
  const model = useMemo(create, [key]);
  useEffect(() => () => model.dispose(), [model]);
  return model;
}
