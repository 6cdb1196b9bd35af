import type { ComponentChildren } from 'preact';
import type { Base } from '../base.ts';
import type { Subject } from '../subject.ts';
import type { SetView, View } from '../view.ts';

/** What each panel is given: what is shown, of whom, and how to show something else. */
export interface PanelProps {
  readonly base: Base;
  readonly subject: Subject;
  readonly view: View;
  readonly set: SetView;
}

interface FrameProps {
  readonly title: string;
  readonly tools?: ComponentChildren;
  /** Whether it takes a row of its own. */
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

/** The frame of a panel: a title, and what there is to choose. */
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
