// What somebody chose or dropped, with the folders it lay in. Browsers tell those of a chosen folder as a path, those of a dropped one as entries.
// A folder has no file, and a slash at the end of its path.
export interface Chosen { file: File | null; path: string }

export function chosen(list: FileList | null): Chosen[] {
    return [...list ?? []].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

async function within(entry: FileSystemEntry, above: string): Promise<Chosen[]> {
    const path = above + entry.name;
    if (entry.isFile)
        return [{ file: await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed)), path }];
    const reader = (entry as FileSystemDirectoryEntry).createReader(), found: Chosen[] = [{ file: null, path: `${path}/` }];
    for (;;) {
        // A reader gives some at a time, and none when it is through.
        const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
        if (!some.length)
            return found;
        for (const one of some)
            found.push(...await within(one, `${path}/`));
    }
}

/** The entries are asked for at once: after the event there are none. */
export async function dropped(data: DataTransfer | null): Promise<Chosen[]> {
    const entries = [...data?.items ?? []].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
    return (await Promise.all(entries.map((entry) => within(entry, '')))).flat();
}

/** Folders of the paths, each before what is in it. */
export function foldersOf(paths: string[]): string[] {
    const found = new Set<string>();
    for (const path of paths)
        for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1))
            found.add(path.slice(0, at));
    return [...found];
}
