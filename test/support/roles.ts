import { RoleNames } from '../../src/database/role-names.js';

/** What the shared roles of the tests' deployments are called: no prefix is set there. */
export const { owner: OWNER_ROLE, control: CONTROL_ROLE, backup: BACKUP_ROLE } = new RoleNames();
