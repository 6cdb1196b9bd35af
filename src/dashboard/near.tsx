import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Near } from './hooks.ts';

/** How near the visible part of the page something must be. */
const MARGIN = '200px 0px';

/** A part of a page whose resources load when it comes near the visible part, and reload only while it is there. */
export function WhenNear({ children }: { readonly children: ComponentChildren }) {
  const [isNear, set] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => set(entries.at(-1)?.isIntersecting === true), {
      rootMargin: MARGIN,
    });
    observer.observe(ref.current as Element);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={ref} class="near">
      <Near.Provider value={isNear}>{children}</Near.Provider>
    </div>
  );
}
