/** What tests hold every page to: that axe finds nothing wrong with it, and that it fits the window. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { ROOT } from '../e2e/harness.ts';

const axe = readFileSync(`${ROOT}node_modules/axe-core/axe.min.js`, 'utf8');

/** What axe finds wrong with a page as it stands, a line each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: {
        run: (options: object) => Promise<{
          violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    // What a finger needs is no part of what axe looks at by itself.
    const results = await axe.run({ rules: { 'target-size': { enabled: true } } });
    return results.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
  });
}

/** How many pixels of a page lie beyond its right edge. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
