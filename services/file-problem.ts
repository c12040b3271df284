const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a file stands where a folder is needed',
  EISDIR: 'a folder stands where a file is needed',
  EACCES: 'this user is not allowed to read it',
  EPERM: 'this user is not allowed to read it',
  ELOOP: 'its symbolic links lead in a circle',
  EMFILE: 'too many files are open (ulimit -n)',
  ENFILE: 'too many files are open on this machine',
  EIO: 'the device or network that holds it reports an error',
};

/** Why the system could not read a file or folder, in words; undefined when the error is about something else. */
export function fileProblem(error: unknown): string | undefined {
  return words[(error as NodeJS.ErrnoException).code ?? ''];
}

/** Why an input cannot be read, whatever the error: what is said of it stands beside its name. */
export function whyUnreadable(error: unknown): string {
  return fileProblem(error) ?? (error as Error).message;
}
