import type { Role } from "./role.ts";

export interface User {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly role: Role;
  readonly isActive: boolean;
  readonly emailVerified: boolean;
  readonly lastLogin: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface NewUser {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly role: Role;
}

/** Fields that are absent stay as they are. */
export interface UserChange {
  readonly username?: string;
  readonly email?: string;
  readonly password?: string;
  readonly firstName?: string | null;
  readonly lastName?: string | null;
  readonly role?: Role;
  readonly isActive?: boolean;
  readonly emailVerified?: boolean;
}
