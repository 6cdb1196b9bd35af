/** The sections of a document that hold what a bench has printed. */

export interface Section {
  readonly name: string;
  /** The script of package.json that measures it. */
  readonly script: string;
  readonly args: readonly string[];
}

const BLOCK = /<!-- measured: (\w+) -->\n.*?<!-- \/measured -->/gs;

/** The names of a document's sections, in order. */
export function sectionsIn(text: string): string[] {
  return [...text.matchAll(BLOCK)].map(([, name = '']) => name);
}

/**
 * The document with a section's figures replaced.
 *
 * @param printed what the bench has printed: the machine in its first line, then Markdown.
 * @param day YYYY-MM-DD.
 */
export function withMeasured(
  text: string,
  { name, script, args }: Section,
  printed: string,
  day: string,
): string {
  const [machine = '', ...rest] = printed.trim().split('\n');
  const command = ['npm run', script, ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  // The document's own headings are above those of a bench.
  const body = rest.join('\n').trim().replace(/^#/gm, '##');
  const block = `<!-- measured: ${name} -->\n\`${command}\`, ${day}: ${machine}.\n\n${body}\n<!-- /measured -->`;
  return text.replace(BLOCK, (before, section: string) => (section === name ? block : before));
}
