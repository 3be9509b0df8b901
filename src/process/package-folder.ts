import { findPackageJSON } from 'node:module';
import { dirname } from 'node:path';

/**
 * The folder of this package: where what ships beside the code is. Code is in different depths below it, as compiled
 * and as bundled.
 */
export const packageFolder = dirname(findPackageJSON(import.meta.url) ?? '.');
