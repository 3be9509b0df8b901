import type { Locator, Page } from 'playwright-core';

/** Altair as its user sees it. Only the window of the open tab is in the page. */
export interface ExplorerPage {
  /** In their order, once all are there. */
  tabNames(): Promise<readonly string[]>;
  activeTab(name: string): Locator;
  /** Resolves once the tab is active. */
  open(name: string): Promise<void>;
  send(): Promise<void>;
  /** Replace the environment’s variables by typing. */
  setEnvironment(variables: Readonly<Record<string, string>>): Promise<void>;
  /** Resolves with the entries of the event log once there are so many. */
  events(count: number): Promise<readonly Locator[]>;
  /** Open the docs pane at a type. */
  openDocs(typeName: string): Promise<void>;
  /** When an entry arrived, according to the log. */
  timeOf(event: Locator | undefined): Promise<string>;
}

export function createExplorerPage(page: Page): ExplorerPage {
  const tabs = page.locator('.window-switcher__item');
  const event = page.locator('.query-result__list-item').filter({ visible: true });
  const activeTab = (name: string) =>
    page.locator('.window-switcher__item--active', { hasText: name });

  return {
    activeTab,
    async tabNames() {
      await tabs.filter({ hasText: 'Add new' }).waitFor();
      const names = await tabs.locator('.window-switcher__input').allTextContents();
      return names.map((name) => name.trim());
    },
    async open(name) {
      await tabs.filter({ hasText: name }).click();
      await activeTab(name).waitFor();
    },
    async send() {
      await page
        .getByRole('button', { name: 'Send Request', exact: true })
        .filter({ visible: true })
        .click();
    },
    async setEnvironment(variables) {
      await page.getByText('Sluice', { exact: true }).last().click();
      await page.getByText('Environments...').click();
      const dialog = page.getByRole('dialog');
      const editor = dialog.locator('.cm-content');
      const text = JSON.stringify(variables);
      // An editor that is not ready ignores keys, which leaves the old text, or both.
      do {
        await editor.click();
        await page.keyboard.press('ControlOrMeta+A');
        await page.keyboard.insertText(text);
      } while ((await editor.textContent()) !== text);
      await dialog.getByText('Save', { exact: true }).click();
      await dialog.waitFor({ state: 'hidden' });
    },
    async events(count) {
      await event
        .nth(count - 1)
        .locator('.cm-line')
        .first()
        .waitFor();
      return event.all();
    },
    async openDocs(typeName) {
      await page.getByText('Docs', { exact: true }).filter({ visible: true }).click();
      const docs = page.locator('app-doc-viewer').filter({ visible: true });
      await docs.getByText(typeName, { exact: true }).first().click();
    },
    async timeOf(entry) {
      const shown = await entry?.locator('.query-result__list-item-info').textContent();
      return (shown ?? '').trim().replaceAll('\u202f', ' ');
    },
  };
}
