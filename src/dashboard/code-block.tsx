/** A piece of code with its title, and a button that copies it, within a section of others. */
import { Copy } from './ui.tsx';

export function CodeBlock({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <div class="snippet">
      <header>
        <h3>{title}</h3>
        <Copy text={text} what={title} />
      </header>
      <pre>
        <code>{text}</code>
      </pre>
    </div>
  );
}
