import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** A shorter way of the finger is a slip. */
const swipePx = 48;
const closePx = 96;

export interface SwipeMoves {
  /** -1: to the one before. */
  onStep: (step: -1 | 1) => void;
  /** Pulled down. */
  onPull: () => void;
}

/** One finger over a picture: sideways to the neighbours, down to close. A picture that is enlarged by two fingers is moved as usual. */
export function useSwipe(box: RefObject<HTMLElement | null>, moves: SwipeMoves): void {
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let start: { x: number; y: number } | null = null;
    const isEnlarged = () => (globalThis.visualViewport?.scale ?? 1) > 1.01;
    const onStart = (event: TouchEvent) => {
      const touch = event.touches[0];
      start = event.touches.length === 1 && touch && !isEnlarged() ? { x: touch.clientX, y: touch.clientY } : null;
    };
    const onEnd = (event: TouchEvent) => {
      const touch = event.changedTouches[0];
      if (!start || !touch || event.touches.length > 0) return;
      const [right, down] = [touch.clientX - start.x, touch.clientY - start.y];
      start = null;
      if (Math.abs(right) > swipePx && Math.abs(right) > 2 * Math.abs(down)) moves.onStep(right > 0 ? -1 : 1);
      else if (down > closePx && down > 2 * Math.abs(right)) moves.onPull();
    };
    const onScale = () => (element.style.touchAction = isEnlarged() ? "auto" : "");
    element.addEventListener("touchstart", onStart, { passive: true });
    element.addEventListener("touchend", onEnd, { passive: true });
    globalThis.visualViewport?.addEventListener("resize", onScale);
    return () => {
      element.removeEventListener("touchstart", onStart);
      element.removeEventListener("touchend", onEnd);
      globalThis.visualViewport?.removeEventListener("resize", onScale);
    };
  });
}
