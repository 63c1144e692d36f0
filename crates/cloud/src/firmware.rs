//! Which cloud: from the firmware's own tables, so that a machine outside a cloud never opens a connection to find out.

use std::fs;
use std::path::Path;

/// The asset tag of every Azure machine; what else runs on Hyper-V has another one.
const AZURE_CHASSIS: &str = "7783-7084-3265-9085-8269-3286-77";

/// A cloud whose metadata is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// Google Cloud: Compute Engine and GKE.
    Google,
    /// Amazon Web Services: EC2 and EKS.
    Amazon,
    /// Microsoft Azure: virtual machines and AKS.
    Azure,
}

impl Cloud {
    /// The cloud that the firmware names; `sys_root` is `/sys` of the machine.
    pub fn of_machine(sys_root: &Path) -> Option<Self> {
        let said = |name: &str| {
            let path = sys_root.join("class/dmi/id").join(name);
            fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
        };
        let (vendor, product, bios) = (said("sys_vendor"), said("product_name"), said("bios_vendor"));
        // "Google" alone is also on laptops, whose product has another name
        if product == "Google Compute Engine" || (product == "Google" && bios == "Google") {
            Some(Self::Google)
        // the older, Xen-based machine types name Amazon in the version of their firmware only
        } else if [&vendor, &bios].iter().any(|who| *who == "Amazon EC2")
            || (vendor == "Xen" && said("bios_version").ends_with(".amazon"))
        {
            Some(Self::Amazon)
        } else if vendor == "Microsoft Corporation" && said("chassis_asset_tag") == AZURE_CHASSIS {
            Some(Self::Azure)
        } else {
            None
        }
    }

    /// Its name for a reader.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Google => "Google Cloud",
            Self::Amazon => "Amazon EC2",
            Self::Azure => "Microsoft Azure",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AZURE_CHASSIS, Cloud};

    fn machine(tables: &[(&str, &str)]) -> Option<Cloud> {
        let sys = tempfile::tempdir().unwrap();
        let folder = sys.path().join("class/dmi/id");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in tables {
            std::fs::write(folder.join(name), format!("{text}\n")).unwrap();
        }
        Cloud::of_machine(sys.path())
    }

    #[test]
    fn clouds_are_told_by_their_firmware() {
        let vendor = |vendor| ("sys_vendor", vendor);
        let product = |product| ("product_name", product);
        let bios = |bios| ("bios_vendor", bios);
        let chassis = |tag| ("chassis_asset_tag", tag);
        for (tables, cloud) in [
            (vec![vendor("Google"), product("Google Compute Engine"), bios("Google")], Some(Cloud::Google)),
            (vec![vendor("Google"), product("Google"), bios("Google")], Some(Cloud::Google)),
            (vec![vendor("Google"), product("Eve"), bios("coreboot")], None),
            (vec![vendor("Amazon EC2"), product("m7g.large"), bios("Amazon EC2")], Some(Cloud::Amazon)),
            (
                vec![vendor("Xen"), product("HVM domU"), bios("Xen"), ("bios_version", "4.11.amazon")],
                Some(Cloud::Amazon),
            ),
            (vec![vendor("Xen"), product("HVM domU"), bios("Xen"), ("bios_version", "4.17")], None),
            (
                vec![vendor("Microsoft Corporation"), product("Virtual Machine"), chassis(AZURE_CHASSIS)],
                Some(Cloud::Azure),
            ),
            // Hyper-V of one's own
            (vec![vendor("Microsoft Corporation"), product("Virtual Machine"), chassis("1234-5678")], None),
            (vec![vendor("QEMU"), product("Standard PC (Q35 + ICH9, 2009)"), bios("SeaBIOS")], None),
            (vec![], None),
        ] {
            assert_eq!(machine(&tables), cloud, "{tables:?}");
        }
    }

    #[test]
    fn a_machine_without_tables_is_in_no_cloud() {
        assert_eq!(Cloud::of_machine(std::path::Path::new("/nowhere")), None);
    }
}
