import { attachedCode, eventTriggers, productDefiners } from './attached-code.js';
import { crossings } from './crossings.js';
import { databaseSettings } from './database-settings.js';
import type { AccessRule } from './finding.js';
import { foreignExtensions } from './foreign-extensions.js';
import { foreignFunctions } from './foreign-functions.js';
import { hostAccess } from './host-access.js';
import { invalidIndexes } from './indexes.js';
import { otherDatabases } from './other-databases.js';
import { outsidePrivileges } from './outside-privileges.js';
import { ownership } from './ownership.js';
import { publications } from './publications.js';
import { foreignMembers, unknownRoles, unknownSchemas } from './unknown-names.js';

/**
 * What a person may have had a reason for, and what is not Nagaya's alone: `doctor` tells it, and mends it only when
 * asked to. A migration that took a colleague's login away, or rebuilt an index under load, would do harm unasked.
 */
export const WATCH_RULES: readonly AccessRule[] = [
  ownership, unknownSchemas, unknownRoles, foreignMembers, foreignFunctions, productDefiners, attachedCode, crossings, outsidePrivileges, databaseSettings,
  foreignExtensions, publications, eventTriggers, invalidIndexes, otherDatabases, hostAccess,
];
