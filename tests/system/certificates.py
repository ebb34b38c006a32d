"""An authority and certificates of its making, with the openssl program."""
import pathlib, subprocess, time


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name = pathlib.Path(folder), name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                 "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)
        (self.folder / f"{name}.index").write_text("")
        (self.folder / f"{name}.conf").write_text(
            f"[ca]\ndefault_ca = a\n[a]\ndatabase = {self.folder}/{name}.index\nrand_serial = yes\nnew_certs_dir = {self.folder}\n"
            f"certificate = {self.certificate}\nprivate_key = {self.key}\ndefault_md = sha256\npolicy = p\nunique_subject = no\n"
            f"copy_extensions = copy\n[p]\ncommonName = supplied\n")

    def run(self, *args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)

    def issue(self, name, *subject_names, seconds=30 * 86400):
        """(certificate, key) files for the subjectAltNames, such as URI:... or IP:127.0.0.1."""
        certificate, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        names = ["-addext", "subjectAltName=" + ",".join(subject_names)] if subject_names else []
        self.run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", *names,
                 "-keyout", key, "-out", request)
        stamp = lambda at: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(at))
        self.run("ca", "-batch", "-config", self.folder / f"{self.name}.conf", "-in", request, "-out", certificate, "-notext",
                 "-startdate", stamp(time.time() - 3600), "-enddate", stamp(time.time() + seconds))
        return certificate, key
