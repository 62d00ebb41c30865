package io.cambium.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.security.SecureRandom;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Command;

/** The rules of the house that a compiler does not know. */
@AnalyzeClasses(packages = "io.cambium", importOptions = ArchitectureTest.MainCode.class)
class ArchitectureTest {

  /** What users run: neither test classes nor the jars of them that modules share. */
  static final class MainCode implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return new DoNotIncludeTests().includes(location) && !location.contains("-tests.jar");
    }
  }

  @ArchTest
  static final ArchRule modulesDependOnlyOnThoseBefore =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("checkpoint")
          .definedBy("io.cambium.checkpoint..")
          .layer("upcycle")
          .definedBy("io.cambium.upcycle..")
          .layer("model")
          .definedBy("io.cambium.model..")
          .layer("training")
          .definedBy("io.cambium.training..")
          .layer("lab")
          .definedBy("io.cambium.lab..")
          .layer("cli")
          .definedBy("io.cambium.cli..")
          .optionalLayer("fuzz")
          .definedBy("io.cambium.fuzz..")
          .whereLayer("fuzz")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("lab")
          .mayOnlyBeAccessedByLayers("cli")
          .whereLayer("training")
          .mayOnlyBeAccessedByLayers("lab", "cli", "fuzz")
          .whereLayer("model")
          .mayOnlyBeAccessedByLayers("training", "lab", "cli")
          .whereLayer("upcycle")
          .mayOnlyBeAccessedByLayers("model", "training", "lab", "cli");

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices()
          .matching("io.cambium.(**)")
          .should()
          .beFreeOfCycles()
          // One unit: a family reads a directory's config, and a directory knows its family.
          .ignoreDependency(
              resideInAPackage("io.cambium.checkpoint"),
              resideInAPackage("io.cambium.checkpoint.family"));

  @ArchTest
  static final ArchRule conversionNeedsNoNativeCode =
      noClasses()
          .that()
          .resideInAnyPackage("io.cambium.checkpoint..", "io.cambium.upcycle..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.bytedeco..");

  @ArchTest
  static final ArchRule commandsAreNamedAndPlacedAlike =
      classes()
          .that()
          .areAnnotatedWith(Command.class)
          .and()
          .doNotHaveSimpleName("Cambium")
          .should()
          .haveSimpleNameEndingWith("Command")
          .andShould()
          .resideInAPackage("io.cambium.cli");

  @ArchTest
  static final ArchRule onlyTheCommandLinePrints =
      noClasses().that().resideOutsideOfPackage("io.cambium.cli").should(ACCESS_STANDARD_STREAMS);

  /** Random numbers come from seeded generators of a named algorithm, or two runs would differ. */
  @ArchTest
  static final ArchRule randomnessHasASeed =
      noClasses()
          .should()
          .dependOnClassesThat()
          .belongToAnyOf(Random.class, ThreadLocalRandom.class, SecureRandom.class)
          .orShould()
          .callMethod(Math.class, "random");
}
