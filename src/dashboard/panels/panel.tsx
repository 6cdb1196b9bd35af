import type { ComponentChildren } from 'preact';
import type { Base } from '../base.ts';
import type { Subject } from '../subject.ts';
import type { SetView, View } from '../view.ts';

/** The props of each panel. */
export interface PanelProps {
  readonly base: Base;
  readonly subject: Subject;
  readonly view: View;
  readonly set: SetView;
}

interface FrameProps {
  readonly title: string;
  readonly tools?: ComponentChildren;
  /** Whether it takes the full width. */
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

/** The frame of a panel: a title and its tools. */
export function Panel({ title, tools, wide = false, children }: FrameProps) {
  return (
    <section class={wide ? 'panel wide' : 'panel'} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {tools}
      </header>
      {children}
    </section>
  );
}
