import { render, type ComponentChild } from "preact";

/** Puts a component into the document; `using` takes it out again. */
export function mount(content: ComponentChild): { root: HTMLElement; text: () => string; [Symbol.dispose](): void } {
  const root = document.createElement("div");
  document.body.append(root);
  render(content, root);
  return {
    root,
    text: () => (root.textContent ?? "").replace(/\s+/g, " ").trim(),
    [Symbol.dispose]() {
      render(null, root);
      root.remove();
    },
  };
}

/** The button, link or field with exactly this accessible text. */
export function byName(root: ParentNode, name: string): HTMLElement {
  const found = [...root.querySelectorAll<HTMLElement>("button, a, input, textarea, select")].find(
    (element) => (element.getAttribute("aria-label") ?? element.textContent ?? "").replace(/\s+/g, " ").trim() === name,
  );
  if (!found) throw new Error(`There is no control named “${name}” in: ${(root as HTMLElement).innerHTML}`);
  return found;
}

export function typeInto(field: Element, value: string): void {
  (field as HTMLInputElement).value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
